package dev.handover.takeover.bluegreen;

import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.coordination.VersionedRecord;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the instances report of themselves, watched. On the loop. */
final class ReportBoard {
    private static final Logger LOG = LoggerFactory.getLogger(ReportBoard.class);

    private final Instance instance;
    private final Runnable changed;
    private final Map<NodeId, Watched> watched = new TreeMap<>();

    ReportBoard(Instance instance, Runnable changed) {
        this.instance = instance;
        this.changed = changed;
    }

    private static final class Watched {
        @Nullable
        Registration registration;

        boolean heard;

        @Nullable
        Report report;
    }

    /** Watches these and nobody else. */
    void watch(Set<NodeId> nodes) {
        for (Iterator<Map.Entry<NodeId, Watched>> i = watched.entrySet().iterator(); i.hasNext(); ) {
            Map.Entry<NodeId, Watched> entry = i.next();
            if (!nodes.contains(entry.getKey())) {
                i.remove();
                end(entry.getValue());
            }
        }
        for (NodeId node : nodes) {
            if (!watched.containsKey(node)) {
                Watched next = new Watched();
                watched.put(node, next);
                next.registration = instance.records()
                        .watch(Report.name(instance.service(), node), seen -> instance.loop()
                                .execute(() -> seen(node, next, seen)));
            }
        }
    }

    private void seen(NodeId node, Watched at, Optional<VersionedRecord> record) {
        if (watched.get(node) != at) {
            return;
        }
        at.heard = true;
        try {
            at.report = record.map(stored -> Report.decode(stored.content())).orElse(null);
        } catch (RuntimeException e) {
            at.report = null;
            LOG.error(
                    "{} the report of {} for service {} {}",
                    instance.label(),
                    node,
                    instance.service(),
                    e.getMessage());
        }
        changed.run();
    }

    /** Whether every one that is watched was heard of, be it that it reports nothing. */
    boolean isComplete() {
        return watched.values().stream().allMatch(entry -> entry.heard);
    }

    SortedMap<NodeId, Report> reports() {
        SortedMap<NodeId, Report> found = new TreeMap<>();
        watched.forEach((node, entry) -> {
            if (entry.report != null) {
                found.put(node, entry.report);
            }
        });
        return found;
    }

    void close() {
        watched.values().forEach(ReportBoard::end);
        watched.clear();
    }

    private static void end(Watched entry) {
        Registration registration = entry.registration;
        if (registration != null) {
            registration.close();
        }
    }
}
