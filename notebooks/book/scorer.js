// Order of what is found: pages that were written for a question before those that list everything.
var Scorer = {
  score: ([docname, title, anchor, descr, score]) =>
    score + (/^(tutorials|howto|explanations)\//.test(docname) ? 20 : docname.startsWith("reference/code/") ? -20 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
