package dev.handover.spring;

import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** What a trace needs to go on at another node, as a tracer writes it into a map and reads it there. */
final class TraceHeaders {
    private TraceHeaders() {}

    /** Of an observation that is told elsewhere: its carrier has the headers as soon as it has started, if there is a tracer. */
    static SenderContext<Map<String, String>> sent() {
        SenderContext<Map<String, String>> context = new SenderContext<>(
                (carrier, key, value) -> Objects.requireNonNull(carrier).put(key, value), Kind.PRODUCER);
        context.setCarrier(new TreeMap<>());
        return context;
    }

    /** Of an observation that goes on with what came from elsewhere. */
    static ReceiverContext<Map<String, String>> received(Map<String, String> headers) {
        ReceiverContext<Map<String, String>> context =
                new ReceiverContext<>((carrier, key) -> carrier.get(key), Kind.CONSUMER);
        context.setCarrier(headers);
        return context;
    }
}
