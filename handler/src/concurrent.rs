//! Doing several things at once, but not too many.

use futures_util::StreamExt as _;
use futures_util::stream;

/// How many things are under way at once. Most of them wait for their turn; how many calls are made at once is bounded
/// where the calls are made.
const AT_ONCE: usize = 100;

/// Runs the futures, some at a time, and returns their results in the order of the futures.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    some(AT_ONCE, futures).await
}

/// The same, so many at a time.
pub(crate) async fn some<F: Future>(
    at_once: usize,
    futures: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    // Collected first: a closure kept across an await would tie the future to the lifetimes of its arguments.
    let futures: Vec<F> = futures.into_iter().collect();
    stream::iter(futures).buffered(at_once).collect().await
}
