//! The official's use cases: the queue, the case, correction, originals, the decision and its signature.

mod decide;
mod opinions;
mod queue;
