"""Claims of papers checked against simulation, each with a verdict, its power and a control."""
