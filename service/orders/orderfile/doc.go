// Package orderfile reads files of past orders and hands their rows, in batches, to whoever stores them.
//
// It owns which column means what, and numbers, customers and amounts as people write them. It does not own what a file may look like
// (model/sheet does), what an order is or how it is stored: a Sink does that, and this package knows no database.
//
// The Sink tells new rows from known ones, by order number, which makes a second run of the same file harmless and a run after an
// interruption the way to resume. A row whose number is known with another content is refused as a conflict.
package orderfile
