// Package sheet reads the tables that people export from other systems, row by row, and writes tables that a spreadsheet opens safely.
//
// It owns the text: encodings, separators, quoting, dates as people write them, batches of rows, twins within a batch, and the file of refused
// rows. It does not know what a row is: a Kind says that, and a Sink stores the good ones.
//
// # What a file may look like
//
// UTF-8, with or without a byte order mark; other encodings, Excel workbooks and the GB18030 that Excel writes in China are refused as a
// whole with a sentence that says what to do. The first line names the columns. When it holds a comma, the file is CSV
// (RFC 4180; quoted fields may hold line ends); when it holds tabs between names, it is tab-separated; else columns are separated by any
// run of blanks. Lines end with LF or CRLF. Where all columns that are needed are given by number and the first line is a good row, the
// file has no line of names, and that row counts.
//
// # What happens to a row
//
// A row is good, and handed to the Sink, or refused with its line, column and reason, and written to the file of refused rows with its
// original fields; it never stops the others. A line may be 64 KiB long. A quote that is never closed costs its own line only: reading
// goes on at the next line, because it must not swallow the rest of the file.
//
// The Sink tells new rows from known ones, by their keys, which makes a second run of the same file harmless and a run after an
// interruption the way to resume. A row whose key is known with another content is refused as a conflict.
package sheet
