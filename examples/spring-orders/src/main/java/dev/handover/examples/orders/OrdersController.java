package dev.handover.examples.orders;

import dev.handover.HandoverException;
import dev.handover.replication.Consistency;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Every instance takes orders and tells them, whoever leads. */
@RestController
final class OrdersController {
    private final ReplicatedLog log;
    private final OrderBook book;
    private final String node;

    OrdersController(ReplicatedLog log, OrderBook book, HaNode node) {
        this.log = log;
        this.book = book;
        this.node = node.id().value();
    }

    /** What was ordered, and who has answered. */
    record Receipt(long id, String by) {}

    /** The orders, as this instance has them. */
    record Listing(String by, List<Order> orders) {}

    @PostMapping("/orders")
    CompletableFuture<Receipt> place(@RequestParam String item, @RequestParam(defaultValue = "1") int quantity) {
        return log.submit(OrderBook.place(item, quantity)).thenApply(answer -> new Receipt(OrderBook.id(answer), node));
    }

    @GetMapping("/orders")
    CompletableFuture<Listing> list() {
        return log.read(Consistency.LINEARIZABLE, book::all).thenApply(orders -> new Listing(node, orders));
    }

    /** What may be sent again is 503, what may have been done already is 500. */
    @ExceptionHandler({HandoverException.class, CompletionException.class})
    ResponseEntity<String> failed(Exception failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        boolean safe = cause instanceof HandoverException known && known.retry() == HandoverException.Retry.SAFE;
        return ResponseEntity.status(safe ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR)
                .body(String.valueOf(cause.getMessage()));
    }
}
