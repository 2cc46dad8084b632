package dev.handover.examples.orders;

import dev.handover.leadership.Leadership;
import dev.handover.replication.Consistency;
import dev.handover.replication.ReplicatedLog;
import dev.handover.spring.LeaderOnly;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Tells the warehouse of new orders: on one instance only, the leader. */
@Component
class Shipping {
    private static final Logger LOG = LoggerFactory.getLogger(Shipping.class);
    private static final int AT_ONCE = 100;
    private static final int TOO_MANY = 3;

    private final ReplicatedLog log;
    private final OrderBook book;
    private final Warehouse warehouse;

    Shipping(ReplicatedLog log, OrderBook book, Warehouse warehouse) {
        this.log = log;
        this.book = book;
        this.warehouse = warehouse;
    }

    /** An order that the warehouse has, and that is not marked yet because the leader has died in between, is sent again: the warehouse knows its number. */
    @LeaderOnly("orders")
    @Scheduled(fixedDelayString = "${orders.shipping-interval:500ms}")
    void ship(Leadership.Leading leading) throws Exception {
        List<Order> waiting = log.read(Consistency.LINEARIZABLE, () -> book.all().stream()
                        .filter(order -> !order.shipped())
                        .limit(AT_ONCE)
                        .toList())
                .get(10, TimeUnit.SECONDS);
        int refusals = 0;
        for (Order order : waiting) {
            if (!leading.isValid() || refusals == TOO_MANY) {
                return; // somebody else goes on, or this one the next time
            }
            try {
                warehouse.ship(order.id(), leading.epoch());
            } catch (IOException e) {
                LOG.info("Order {} waits a little: {}", order.id(), e.getMessage());
                refusals++;
                continue; // it is tried again the next time
            }
            refusals = 0;
            log.submit(OrderBook.ship(order.id())).get(10, TimeUnit.SECONDS);
            LOG.info("Order {} was shipped in epoch {}", order.id(), leading.epoch());
        }
    }
}
