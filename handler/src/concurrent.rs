//! Doing several things at once, but not too many.

use futures_util::StreamExt as _;
use futures_util::stream;

/// How many calls are under way at once; ECS lets 20 to 50 through in a burst.
const AT_ONCE: usize = 10;

/// Runs the futures, some at a time, and returns their results in the order of the futures.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // Collected first: a closure kept across an await would tie the future to the lifetimes of its arguments.
    let futures: Vec<F> = futures.into_iter().collect();
    stream::iter(futures).buffered(AT_ONCE).collect().await
}
