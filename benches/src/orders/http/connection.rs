//! One connection that stays open.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::orders::BenchError;

const HEADERS_MAX: usize = 32;
const ANSWER_MAX_BYTES: usize = 1_024 * 1_024;

pub(super) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// Where the body of an answer begins and ends.
struct Head {
    status: u16,
    body_at: usize,
    end: usize,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, BenchError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(8 * 1_024) })
    }

    /// Sends a request and reads its answer: status and body.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8]), BenchError> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let mut head = None;
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 || self.answer.len() > ANSWER_MAX_BYTES {
                return Err(self.unreadable());
            }
            if head.is_none() {
                head = parse(&self.answer).map_err(|()| self.unreadable())?;
            }
            if let Some(Head { status, body_at, end }) = head
                && self.answer.len() >= end
            {
                return Ok((status, &self.answer[body_at..end]));
            }
        }
    }

    fn unreadable(&self) -> BenchError {
        BenchError::Unreadable(String::from_utf8_lossy(&self.answer).into_owned())
    }
}

/// The head of an answer once all of it is there; every answer says how long its body is.
fn parse(answer: &[u8]) -> Result<Option<Head>, ()> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let body_at = match response.parse(answer) {
        Ok(httparse::Status::Complete(body_at)) => body_at,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(()),
    };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    match (response.code, length) {
        (Some(status), Some(length)) => Ok(Some(Head { status, body_at, end: body_at + length })),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Result<Option<(u16, usize, usize)>, ()> {
        parse(answer.as_bytes()).map(|head| head.map(|Head { status, body_at, end }| (status, body_at, end)))
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let head = "HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(read(head), Ok(Some((201, head.len(), head.len() + 12))));
        assert_eq!(read(&head[..head.len() - 1]), Ok(None));
        for other in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "SSH-2.0\r\n\r\n"] {
            assert_eq!(read(other), Err(()), "{other}");
        }
    }
}
