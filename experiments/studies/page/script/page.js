/* The page of a study: reads study.json and a list, shows its trials with jsPsych, and sends what is answered.
 *
 * What comes from files is set as text, or is Markdown that markdown-it renders without HTML. Times are in ms,
 * those of the browser's animation frames and events, which share one clock. Written as parts, joined in this order.
 */
"use strict";
