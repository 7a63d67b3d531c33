//! What can be sold.

crate::names! {
    /// How an item reaches its buyer.
    ItemKind {
        /// Goods with a stock account: held, packed at a location, dispatched by the caller.
        Stocked = "stocked",
        /// Carriage, fees, services: joins a shipment, has no stock.
        Unstocked = "unstocked",
        /// Delivered by itself as soon as it is covered, has no stock.
        Digital = "digital",
    }
}
