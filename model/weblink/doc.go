// Package weblink finds what looks like an address of the web in a text that people write, so that a room that speaks to customers can refuse it.
//
// It owns: what counts as an address, and the form in which texts are searched. It does not own which addresses are welcome where.
//
// # What counts
//
//   - Anything with a scheme and a slash ("https://…", also "https:/…" and "https:\…"), and tel:, mailto: and their like.
//   - A host without a scheme, because phones make a link of it: labels with a dot between them whose last one is a top-level domain. In
//     Latin letters any two letters or more count, because top-level domains are added; endings of files ("list.pdf") and titles ("Dr.Martens")
//     do not, unless such a domain exists. In other letters those count that the public suffix list has, because a sentence may go on
//     after a dot without a space.
//   - Four numbers that are an IP address. "3.5折", "v1.2", "No.1" and dates are none.
//   - A Chinese full stop is a dot for browsers and ends sentences, so a host with it counts only with a domain that exists.
//
// Texts are searched in Unicode's compatible form without invisible characters: full-width letters and zero-width spaces hide nothing.
package weblink
