//! One connection: requests in, answers out, until either side has enough.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::refusal::Refusal;
use super::{Served, body, push, signature};
use crate::wire;

/// How long the head of a request may take, and then its body.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves the connection to its end, or until `stopping` is dropped and the request under way is answered.
pub(super) async fn serve(
    stream: TcpStream,
    served: Arc<Served>,
    mut stopping: watch::Receiver<()>,
) {
    // Small answers wait for nothing.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let served = Arc::clone(&served);
        async move { Ok::<_, Infallible>(answer(&served, request).await) }
    });
    let mut http = http1::Builder::new();
    // A client may close its half once it has asked, and still reads.
    http.half_close(true);
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // What is not HTTP was answered with 400; a client that went away is none of our concern.
    tokio::select! {
        _ = &mut connection => {}
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Answers one request, whatever it is.
async fn answer(served: &Served, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    let format = wire::format(&head.headers, head.uri.path());
    let refuse = |refusal: &Refusal| wire::refuse(format, &refusal.fault(format), "unsigned");
    let Ok(read) = tokio::time::timeout(PATIENCE, body::read(&head.headers, incoming)).await else {
        return closing(refuse(&Refusal::TooSlow));
    };
    let sent = match read {
        Ok(sent) => sent,
        Err(refusal) => return closing(refuse(&refusal)),
    };
    let account = &served.account;
    let region = account.place().region;
    let now = account.clock().outside();
    let signed = signature::verify(&head, &sent, &region, now, |id| account.key(id));
    let key = match signed {
        Ok(key) => key,
        Err(refusal) => return refuse(&refusal).map(Full::new),
    };
    let content = match body::decoded(&head.headers, sent) {
        Ok(content) => content,
        Err(refusal) => return refuse(&refusal).map(Full::new),
    };
    let request = Request::from_parts(head, content);
    let response = account.respond(&request).await;
    push::observe(served, &request, &response, &key);
    response.map(Full::new)
}

/// An answer after which the connection is of no use: the rest of the body may still be under way.
fn closing(mut response: Response<Bytes>) -> Response<Full<Bytes>> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response.map(Full::new)
}
