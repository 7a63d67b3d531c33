use serde_json::Value;

use crate::process::Place;

#[test]
fn every_operation_of_the_document_is_routed_and_every_other_method_is_not() {
    let place = Place::new();
    let server = place.serve();
    let document = server.get("/openapi.json").with(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let item = item.as_object().unwrap();
        let real = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057").replace("{sku}", "A");
        for method in ["get", "post", "put", "patch", "delete"] {
            let reply = server.ask(&method.to_uppercase(), &real, &[], Some("{}"));
            if item.contains_key(method) {
                asked += 1;
                let known = &item[method]["responses"][reply.status.to_string()];
                assert!(known.is_object(), "{method} {path} answers {}, which the document does not know", reply.status);
                let nowhere = reply.status == 404 && reply.body.contains("there is nothing at this path");
                assert!(reply.status != 405 && !nowhere, "{method} {path} is not routed: {}", reply.status);
            } else {
                assert_eq!(reply.status, 405, "{method} {path} is routed and not in the document");
            }
        }
    }
    assert!(asked > 40, "{asked} operations");
}

#[test]
fn health_tells_whether_the_store_answers() {
    let place = Place::new();
    let server = place.serve();
    for path in ["/health", "/health/live", "/health/ready"] {
        let reply = server.get(path).with(200);
        assert_eq!((reply.text("/status"), reply.text("/version")), ("ok".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    }
    let head = server.ask("HEAD", "/health", &[], None).with(200);
    assert_eq!(head.body, "");
}

#[test]
fn the_printed_document_is_the_served_one() {
    let (output, printed, _) = crate::process::run(&["openapi"], None);
    assert!(output.status.success());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let place = Place::new();
    assert_eq!(place.serve().get("/openapi.json").json(), printed);
}

#[test]
fn the_server_speaks_http_2_as_well() {
    use http_body_util::{BodyExt, Full};
    use hyper::body::Bytes;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let place = Place::new();
    let server = place.serve();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let reply = client.get(format!("http://{}/health", server.address).parse().unwrap()).await.unwrap();
        assert_eq!((reply.version(), reply.status().as_u16()), (hyper::Version::HTTP_2, 200));
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"{\"status\":\"ok\""));
    });
}
