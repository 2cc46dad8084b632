package dev.handover.jmh.groups;

import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.event.HaEvent;
import dev.handover.replication.HaNode;
import dev.handover.replication.storage.StorageOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * How long it takes until all groups of a node that dies are led by others. The node dies for the others: its transport closes as the host of a dead process closes its connections, and
 * refuses new ones.
 */
final class TakeOverOfMany {
    private static final long WAIT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private TakeOverOfMany() {}

    /** From the death on, in milliseconds. */
    record Figures(int groups, double medianMillis, double lastMillis) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d groups of a dead node: half of them served again after %.0f ms, all of them after %.0f ms",
                    groups,
                    medianMillis,
                    lastMillis);
        }
    }

    static Figures measure(int groups, StorageOptions storage) throws Exception {
        return ManyGroups.run(groups, storage, started -> {
            Map<GroupId, Long> servedAt = new ConcurrentHashMap<>();
            List<Registration> registrations = new ArrayList<>();
            for (HaNode node : started.nodes().subList(1, started.nodes().size())) {
                registrations.add(node.events().subscribe(event -> {
                    if (event instanceof HaEvent.TakeOver step && step.step() == HaEvent.TakeOverStep.SERVING) {
                        servedAt.putIfAbsent(step.group(), step.nanos());
                    }
                }));
            }
            TimeUnit.SECONDS.sleep(2); // they rest
            long death = System.nanoTime();
            started.transports().get(0).close();
            while (servedAt.size() < groups) {
                if (System.nanoTime() - death > WAIT_NANOS) {
                    throw new IllegalStateException(
                            "only " + servedAt.size() + " of " + groups + " groups were taken over within a minute");
                }
                TimeUnit.MILLISECONDS.sleep(1);
            }
            registrations.forEach(Registration::close);
            List<Double> millis = servedAt.values().stream()
                    .map(nanos -> (nanos - death) / 1e6)
                    .sorted()
                    .toList();
            return new Figures(groups, millis.get(millis.size() / 2), millis.get(millis.size() - 1));
        });
    }
}
