package dev.handover.examples.orders;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import dev.handover.spring.HandoverGroup;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.stereotype.Component;

/** All orders, the same on every instance. A command is a line: {@code place QUANTITY ITEM} or {@code ship ID}; the answer is the order's number, or 0 if there is none. */
@Component
@HandoverGroup("orders")
final class OrderBook implements StateMachine {
    private Map<Long, Order> orders = new TreeMap<>();

    static byte[] place(String item, int quantity) {
        return ("place " + quantity + " " + item).getBytes(UTF_8);
    }

    static byte[] ship(long id) {
        return ("ship " + id).getBytes(UTF_8);
    }

    static long id(byte[] answer) {
        return Long.parseLong(new String(answer, UTF_8));
    }

    @Override
    public byte[] apply(Command command) {
        String[] words = new String(command.payload(), UTF_8).split(" ", 3);
        long id;
        if (words[0].equals("place")) {
            id = orders.size() + 1L;
            orders.put(id, new Order(id, words[2], Integer.parseInt(words[1]), false));
        } else {
            Order known = orders.get(Long.parseLong(words[1]));
            id = known == null ? 0 : known.id();
            if (known != null) {
                orders.put(id, known.ship());
            }
        }
        return String.valueOf(id).getBytes(UTF_8);
    }

    /** Only within {@code ReplicatedLog.read}. */
    List<Order> all() {
        return new ArrayList<>(orders.values());
    }

    @Override
    public StateSnapshot snapshot() {
        List<Order> frozen = all();
        return (StateSnapshot.Handle) out -> {
            DataOutputStream data = new DataOutputStream(out);
            data.writeInt(frozen.size());
            for (Order order : frozen) {
                data.writeLong(order.id());
                data.writeUTF(order.item());
                data.writeInt(order.quantity());
                data.writeBoolean(order.shipped());
            }
            data.flush();
        };
    }

    @Override
    public void restore(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        Map<Long, Order> restored = new TreeMap<>();
        for (int left = data.readInt(); left > 0; left--) {
            Order order = new Order(data.readLong(), data.readUTF(), data.readInt(), data.readBoolean());
            restored.put(order.id(), order);
        }
        orders = restored;
    }
}
