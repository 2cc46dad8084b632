package dev.handover.examples.orders;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.Command;
import dev.handover.replication.StateSnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

class OrderBookTest {
    private final OrderBook book = new OrderBook();
    private long index;

    private long apply(byte[] command) {
        return OrderBook.id(book.apply(new Command(++index, 1, 0, command)));
    }

    @Test
    void shouldCountOrdersAndShipThem() {
        assertThat(apply(OrderBook.place("green tea", 2))).isEqualTo(1);
        assertThat(apply(OrderBook.place("cup", 1))).isEqualTo(2);
        assertThat(apply(OrderBook.ship(1))).isEqualTo(1);
        assertThat(apply(OrderBook.ship(7))).isZero();
        assertThat(book.all()).containsExactly(new Order(1, "green tea", 2, true), new Order(2, "cup", 1, false));
    }

    @Test
    void shouldRestoreWhatItWrote() throws Exception {
        apply(OrderBook.place("tea", 2));
        StateSnapshot.Handle snapshot = (StateSnapshot.Handle) book.snapshot();
        apply(OrderBook.place("later", 1));
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        snapshot.write(written);
        OrderBook other = new OrderBook();
        other.restore(new ByteArrayInputStream(written.toByteArray()));
        assertThat(other.all()).containsExactly(new Order(1, "tea", 2, false));
    }
}
