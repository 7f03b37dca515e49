//! The account as a server on a socket, for unmodified clients: the AWS CLI and the SDKs.
//!
//! It runs in real time, on a runtime whose clock is not paused, or a whole number of times as fast
//! ([`Clock::fast`](crate::Clock::fast)). HTTP is hyper's; what is ours is one file each: `body` reads a request to its
//! end, `signature` tells who signed it, `refusal` says no in the words of each format, `push` lets CloudTrail tell of a
//! push, `connection` strings them together.
//!
//! | behaviour | rule | source |
//! |---|---|---|
//! | signature | Version 4 in `Authorization`, verified with the key's secret; within 15 minutes of the time outside | <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html> |
//! | its Region | the account's; `us-east-1` for IAM and STS, which have one endpoint for all Regions | AWS General Reference, endpoints |
//! | refusals | JSON: `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `UnrecognizedClientException`, `InvalidSignatureException`, `RequestExpired`; query: `MissingAuthenticationToken`, `IncompleteSignature`, `InvalidClientTokenId`, `SignatureDoesNotMatch`, `RequestExpired`; S3: `AccessDenied`, `AuthorizationHeaderMalformed`, `InvalidAccessKeyId`, `SignatureDoesNotMatch`, `RequestTimeTooSkewed` | common errors of each service's API reference; S3 API reference, error responses |
//! | bodies | 70,167,211 bytes at most, which is Lambda's limit for a request with a zip; `gzip` and `aws-chunked` are undone | Lambda API model, `CreateFunction`; S3 user guide, chunked uploads |
//! | a push through the API | its CloudTrail record is delivered after [`Options::latency`], a refused one's with `errorCode` | ECR user guide, logging with CloudTrail |
//!
//! Not simulated: TLS, signatures in the query string (presigned URLs), buckets in the host name, chunk signatures.

mod body;
mod connection;
mod push;
mod refusal;
mod signature;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::account::Account;

/// How long connections may take to finish what they are at once the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the served account differs from the one in process. Durations are the account's.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long CloudTrail takes to deliver the record of a push: drawn from this range.
    pub latency: RangeInclusive<Duration>,
    /// The seed of what is drawn.
    pub seed: u64,
}

/// What every connection needs.
#[derive(Debug)]
struct Served {
    account: Account,
    latency: RangeInclusive<Duration>,
    chance: Mutex<fastrand::Rng>,
}

/// An account that is about to be served.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    served: Arc<Served>,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn bind(account: Account, port: u16, options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let served = Arc::new(Served {
            account,
            latency: options.latency,
            chance: Mutex::new(fastrand::Rng::with_seed(options.seed)),
        });
        Ok(Self { listener, served })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop`; what is being answered then is still finished. Run it as the work of
    /// [`Account::drive`], so that the account lives meanwhile.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let (stopping, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let served = Arc::clone(&self.served);
                        connections.spawn(connection::serve(stream, served, stopped.clone()));
                    }
                    // Out of file descriptors, for example: the next one may succeed.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                // A connection that panicked is over like any other.
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.listener);
        drop(stopping);
        let all = async { while connections.join_next().await.is_some() {} };
        // Whoever does not finish in time is cut off with the set.
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}
