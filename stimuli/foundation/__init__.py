"""What everything else stands on: options, files, processes, designs."""
