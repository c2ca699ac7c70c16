// Package moves is the language in which capabilities say what becomes of their rows when two members turn out to be one person, and
// the record of every row that moved.
//
// It owns that record (merge_moves) and nothing of what moves. When two members are merged, and by whom, is the business of package
// merges, which cmd gives the parts of all capabilities.
//
// A part answers for columns that hold a member's id. Most move the row: the survivor has it from then on, and a split puts it back.
// Where more has to change (a limit's slot, the days of a card) the capability brings its own functions. Where a row belongs to
// something that does not move (the ledger of points) or tells only what once was, it stays, and the part says why. A test walks the
// migrated schema and demands a part for every column with a member's id.
//
// What a part moves must be found again from its record alone: the row's key, and what it was.
package moves
