package dev.handover.examples.bluegreen;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Orders by the id that the client chose; an id that comes again gets the answer of the first time. Both versions of the service run it: only what they do around it differs. What a version sends itself to
 * warm up is no order.
 */
final class OrderBook implements StateMachine {
    static final String REHEARSAL = "rehearsal-";
    private final Map<String, Integer> orders = new HashMap<>();

    @Override
    public byte[] apply(Command command) {
        String id = new String(command.payload(), StandardCharsets.UTF_8);
        if (id.startsWith(REHEARSAL)) {
            return "0".getBytes(StandardCharsets.UTF_8);
        }
        Integer number = orders.get(id);
        if (number == null) {
            number = orders.size() + 1;
            orders.put(id, number);
        }
        return number.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] query(byte[] query) {
        return String.valueOf(orders.size()).getBytes(StandardCharsets.UTF_8);
    }
}
