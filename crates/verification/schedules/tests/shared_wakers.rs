//! The shared wakers alone, in every order.

#[test]
fn both_tasks_wake_in_every_order() {
    let orders = schedules::shared_wakers::in_every_order();
    println!("{orders} orders, which are all");
    assert!(orders > 1_000, "only {orders} orders");
}
