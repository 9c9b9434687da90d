// Package conf takes container configs as text: it keeps every byte of a file,
// says which line of which file sets what and whether it counts, knows what
// every key means, edits single settings in their place, compares and merges
// versions, and saves a file only over the version that was read.
//
// liblxc has the last word on what a config means; this package follows its
// parse_line, its setters and its clearers (confile.c of LXC 5 and 6). Text of
// configs is foreign: it is given as it stands, and nothing in it is trusted.
package conf
