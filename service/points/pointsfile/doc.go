// Package pointsfile reads files of the balances that members bring from another system.
//
// It owns which column means what, and points and ends as people write them. It does not own what a file may look like (model/sheet
// does), who the members are or how points are stored: a Sink does that, and this package knows no database.
//
// A balance of 0 is a good row; there is nothing to store of it. An end is the last day on which the points can be spent,
// with or without a time of that day; an empty field is no end.
package pointsfile
