//! Cuts one line into its fields. A field never spans lines here, so that a quote left open costs one line and not the rest of the file.

use crate::row::Reason;

/// Fields of a line: `,` between them, `"` around those that need it, doubled inside.
///
/// # Errors
/// The zero-based index of the field and why it cannot be read.
pub(crate) fn split(line: &[u8], fields_max: usize) -> Result<Vec<Vec<u8>>, (usize, Reason)> {
    let mut fields = Vec::with_capacity(fields_max);
    let mut rest = line;
    loop {
        let index = fields.len();
        if index == fields_max {
            return Err((index - 1, Reason::TooManyColumns));
        }
        let (field, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => unquote(quoted).map_err(|reason| (index, reason))?,
            None => bare(rest).map_err(|reason| (index, reason))?,
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

type Field<'a> = (Vec<u8>, Option<&'a [u8]>);

fn bare(text: &[u8]) -> Result<Field<'_>, Reason> {
    let end = text.iter().position(|&byte| byte == b',');
    let field = &text[..end.unwrap_or(text.len())];
    if field.contains(&b'"') {
        return Err(Reason::StrayQuote);
    }
    Ok((field.to_vec(), end.map(|end| &text[end + 1..])))
}

fn unquote(text: &[u8]) -> Result<Field<'_>, Reason> {
    let mut field = Vec::new();
    let mut rest = text;
    loop {
        let quote = rest.iter().position(|&byte| byte == b'"').ok_or(Reason::OpenQuote)?;
        field.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.first() {
            None => return Ok((field, None)),
            Some(b',') => return Ok((field, Some(&rest[1..]))),
            Some(b'"') => {
                field.push(b'"');
                rest = &rest[1..];
            }
            Some(_) => return Err(Reason::StrayQuote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Result<&[&str], (usize, Reason)>) {
        let expect = expect.map(|fields| fields.iter().map(|field| field.as_bytes().to_vec()).collect());
        assert_eq!(split(line.as_bytes(), 3), expect, "{line}");
    }

    #[test]
    fn quotes_are_strict_and_end_with_their_line() {
        check("a,b,c", Ok(&["a", "b", "c"]));
        check("a,,", Ok(&["a", "", ""]));
        check("", Ok(&[""]));
        check(r#"a,"b,""x""",c"#, Ok(&["a", r#"b,"x""#, "c"]));
        check(r#""","""",c"#, Ok(&["", "\"", "c"]));
        check(r#"a,"",c"#, Ok(&["a", "", "c"]));
        check(r#"a,"b,c"#, Err((1, Reason::OpenQuote)));
        check(r#"a,"b"x,c"#, Err((1, Reason::StrayQuote)));
        check(r#"a,b"b,c"#, Err((1, Reason::StrayQuote)));
        check("a,b,c,d", Err((2, Reason::TooManyColumns)));
    }
}
