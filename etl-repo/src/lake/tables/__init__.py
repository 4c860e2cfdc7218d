"""Tables of the lake: what a change of one is, and the formats that apply it, each in a folder of its own."""
