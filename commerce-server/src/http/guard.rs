//! Only this machine may ask, and only for this machine: a page of the web that has its name lead here must not become staff.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::{Code, Problem};

/// Refuses requests that were meant for another host.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    let meant: Option<Option<Authority>> = request.uri().authority().cloned().map(Some).or(host);
    match meant {
        // no browser leaves it out
        None => next.run(request).await,
        Some(Some(authority)) if is_here(authority.host()) => next.run(request).await,
        Some(_) => Problem::new(Code::MISDIRECTED, Code::MISDIRECTED.meaning()).into_response(),
    }
}

fn is_here(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_here_by_its_name_or_a_loopback_address() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com", "127.0.0.1.example.com", "192.0.2.1", "[::]", "0.0.0.0"] {
            assert!(!is_here(host), "{host}");
        }
    }
}
