// Package orderfile reads files of past orders and hands their rows, in batches, to whoever stores them.
//
// It owns the text: encodings, separators, quoting, which column means what, dates and amounts as people write them, and the file of
// refused rows. It does not own what an order is or how it is stored: a Sink does that, and this package knows no database.
//
// # What a file may look like
//
// UTF-8, with or without a byte order mark; other encodings, Excel workbooks and the GB18030 that Excel writes in China are refused as a
// whole with a sentence that says what to do. The first line names the columns. When it holds a comma, the file is CSV
// (RFC 4180; quoted fields may hold line ends); when it holds tabs between names, it is tab-separated; else columns are separated by any
// run of blanks. Lines end with LF or CRLF. Where all the columns of a Mapping are given by number and the first line is a good row, the
// file has no line of names, and that row counts.
//
// # What happens to a row
//
// A row is good, and handed to the Sink, or refused with its line, column and reason, and written to the file of refused rows with its
// original fields; it never stops the others. A line may be 64 KiB long. A quote that is never closed costs its own line only: reading
// goes on at the next line, because it must not swallow the rest of the file.
//
// The Sink tells new rows from known ones, by order number, which makes a second run of the same file harmless and a run after an
// interruption the way to resume. A row whose number is known with another content is refused as a conflict.
package orderfile
