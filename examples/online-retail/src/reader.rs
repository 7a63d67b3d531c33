//! The file as a stream of lines: plain or gzip, bounded in memory, a bad line costing itself alone.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::row::{COLUMNS, Reason, Refused, Row};

/// The most bytes of a line, its end not counted.
pub const LINE_BYTES_MAX: usize = 4_096;

/// The most lines of a file, the header included.
pub const FILE_LINES_MAX: u32 = 20_000_000;

const GZIP_FIRST_BYTE: u8 = 0x1f;

/// Why a file cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file, or the archive that it is, cannot be read.
    #[error("cannot read past line {file_line}")]
    Io {
        /// The last line that was read, the header being line 1.
        file_line: u32,
        /// The cause.
        source: io::Error,
    },
    /// The first line does not name the columns.
    #[error("line 1 is not the header {}", COLUMNS.join(","))]
    Header,
    /// The file has more lines than [`FILE_LINES_MAX`].
    #[error("file has more than {FILE_LINES_MAX} lines")]
    TooManyLines,
}

/// Lines of a file after its header, each a [`Row`] or [`Refused`].
pub struct Rows {
    source: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    file_line: u32,
    ended: bool,
}

impl Rows {
    /// Begins to read, and checks the header. What begins with gzip's first byte is unpacked.
    ///
    /// # Errors
    /// [`ReadError::Io`] or [`ReadError::Header`].
    pub fn new(source: impl Read + Send + 'static) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Io { file_line: 0, source };
        let mut plain = BufReader::new(source);
        let packed = plain.fill_buf().map_err(failed)?.first() == Some(&GZIP_FIRST_BYTE);
        let source: Box<dyn BufRead + Send> = if packed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { Box::new(plain) };
        let mut rows = Self { source, line: Vec::new(), file_line: 0, ended: false };
        rows.read_line()?;
        let header = rows.line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&rows.line);
        if header != COLUMNS.join(",").as_bytes() {
            return Err(ReadError::Header);
        }
        Ok(rows)
    }

    /// Reads up to the next line end into `self.line`, and whether there was a line and whether it fitted.
    fn read_line(&mut self) -> Result<Option<bool>, ReadError> {
        self.line.clear();
        let mut fits = true;
        let mut any = false;
        loop {
            let file_line = self.file_line;
            let chunk = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk.map_err(|source| ReadError::Io { file_line, source })?,
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            // one byte of room for the carriage return
            fits &= self.line.len() + part.len() <= LINE_BYTES_MAX + 1;
            if fits {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if self.file_line == FILE_LINES_MAX {
            return Err(ReadError::TooManyLines);
        }
        self.file_line += 1;
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(Some(fits && self.line.len() <= LINE_BYTES_MAX))
    }
}

impl Iterator for Rows {
    type Item = Result<Result<Row, Refused>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read_line();
        self.ended = !matches!(read, Ok(Some(_)));
        match read {
            Err(error) => Some(Err(error)),
            Ok(None) => None,
            Ok(Some(false)) => Some(Ok(Err(Refused { file_line: self.file_line, column: None, reason: Reason::TooLong }))),
            Ok(Some(true)) => Some(Ok(Row::parse(&self.line, self.file_line))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const HEADER: &str = "line_no,invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n";
    const GOOD: &str = "1,536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom";

    fn read(bytes: Vec<u8>) -> Vec<Result<Row, Refused>> {
        Rows::new(Cursor::new(bytes)).expect("header").map(|row| row.expect("reads")).collect()
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("packs");
        encoder.finish().expect("packs")
    }

    #[test]
    fn plain_and_packed_files_read_the_same() {
        let text = format!("{HEADER}{GOOD}\r\n{GOOD}");
        let rows = read(text.clone().into_bytes());
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(Result::is_ok));
        assert_eq!(read(packed(&text)), rows);
        let halves = [packed(HEADER), packed(&format!("{GOOD}\n{GOOD}\n"))].concat();
        assert_eq!(read(halves), rows);
    }

    #[test]
    fn a_bad_line_costs_itself_alone() {
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        let text = format!("{HEADER}{GOOD}\n1,536365,\"open\n\n{long}\n\u{0}\u{1}\u{2}\n{GOOD}\n");
        let rows = read(text.into_bytes());
        let reasons: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| row.file_line).map_err(|refused| refused.reason)).collect();
        assert_eq!(reasons, [Ok(2), Err(Reason::OpenQuote), Err(Reason::Empty), Err(Reason::TooLong), Err(Reason::TooFewColumns), Ok(7)]);
    }

    #[test]
    fn a_line_may_have_as_many_bytes_as_the_maximum() {
        for (bytes, reason) in [(LINE_BYTES_MAX, Reason::TooFewColumns), (LINE_BYTES_MAX + 1, Reason::TooLong)] {
            for end in ["\n", "\r\n", ""] {
                let rows = read(format!("{HEADER}{}{end}", "x".repeat(bytes)).into_bytes());
                assert_eq!(rows.iter().map(|row| row.as_ref().err().map(|refused| refused.reason)).collect::<Vec<_>>(), [Some(reason)]);
            }
        }
    }

    #[test]
    fn a_line_without_end_takes_no_more_room_than_a_line() {
        let endless = Cursor::new(HEADER.as_bytes()).chain(io::repeat(b'x').take(20 * 1_048_576));
        let mut rows = Rows::new(endless).expect("header");
        assert!(matches!(rows.next(), Some(Ok(Err(Refused { file_line: 2, reason: Reason::TooLong, .. })))));
        assert!(rows.line.capacity() <= 4 * LINE_BYTES_MAX, "{}", rows.line.capacity());
        assert!(rows.next().is_none());
    }

    #[test]
    fn a_file_without_the_header_is_refused() {
        for text in ["", "a,b\n", GOOD] {
            assert!(matches!(Rows::new(Cursor::new(text.as_bytes().to_vec())), Err(ReadError::Header)), "{text}");
        }
    }

    #[test]
    fn a_cut_archive_is_an_error_and_then_the_end() {
        let mut bytes = packed(&format!("{HEADER}{GOOD}\n{GOOD}\n"));
        bytes.truncate(bytes.len() - 9);
        let mut failed = false;
        match Rows::new(Cursor::new(bytes)) {
            Err(error) => failed = matches!(error, ReadError::Io { .. }),
            Ok(rows) => {
                let mut rows = rows.skip_while(Result::is_ok);
                failed |= matches!(rows.next(), Some(Err(ReadError::Io { .. })));
                assert!(rows.next().is_none());
            }
        }
        assert!(failed);
    }
}
