//! Float evaluation on candle.
