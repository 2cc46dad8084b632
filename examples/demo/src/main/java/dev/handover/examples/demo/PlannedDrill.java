package dev.handover.examples.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The leader goes as planned, by a transfer or by SIGTERM, round after round; measured is how long each client had to wait. Runs on one thread. */
final class PlannedDrill {
    private static final long LOAD_MILLIS = 2_000;
    private static final long POLL_MILLIS = 10;
    /** What follows the change is part of what is measured: clients move, the leader removes the one that went. */
    private static final long AFTERMATH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Cluster cluster;
    private final Drill drill;
    private final Progress progress;

    PlannedDrill(Cluster cluster, Drill drill, Progress progress) {
        this.cluster = cluster;
        this.drill = drill;
        this.progress = progress;
    }

    /**
     * What one planned change came to.
     *
     * @param gaps for each client, the longest time between two acknowledged writes around the change
     * @param undisturbed the same for a span of the same length before it
     * @param detail what the old leader said
     */
    record Change(
            int number, String from, String to, long epoch, List<Long> gaps, List<Long> undisturbed, String detail) {
        String line() {
            Summary.Spread all = Summary.Spread.of(gaps);
            Summary.Spread before = Summary.Spread.of(undisturbed);
            return String.format(
                    Locale.ROOT,
                    "round %d: %s leads epoch %d after %s; longest gaps of the %d clients: median %.1f ms, max %.1f ms (undisturbed %.1f ms, %.1f ms)%s",
                    number,
                    to,
                    epoch,
                    from,
                    gaps.size(),
                    all.medianMillis(),
                    all.maxMillis(),
                    before.medianMillis(),
                    before.maxMillis(),
                    detail.isEmpty() ? "" : "; " + detail);
        }
    }

    /** One round. */
    Change run(int number, Options.Kind kind, Load load) throws IOException, InterruptedException {
        progress.phase("writing");
        NodeInfo leader = drill.awaitAllInSync(load::check);
        long quietFrom = System.nanoTime();
        while (System.nanoTime() - quietFrom < TimeUnit.MILLISECONDS.toNanos(LOAD_MILLIS)) {
            load.check();
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        KvNode old = cluster.node(leader.node());
        int next = (cluster.nodes().indexOf(old) + 1) % cluster.nodes().size();
        String target = cluster.nodes().get(next).id();
        long askedAt = System.nanoTime();
        String detail = "";
        if (kind == Options.Kind.TRANSFER) {
            progress.phase(old.id() + " gives the leadership to " + target);
            detail = transfer(old, target);
        } else {
            progress.phase("leader " + old.id() + " gets SIGTERM");
            old.terminate();
            old.awaitExit();
        }
        long until = System.nanoTime() + AFTERMATH_NANOS;
        long length = until - askedAt;
        drill.await(
                () -> "a write of every client after the change",
                load::check,
                infos -> load.allGoOn(until) ? Optional.of(true) : Optional.empty());
        NodeInfo now = drill.await(
                () -> "a leader with an epoch above " + leader.epoch(), load::check, infos -> Observer.leader(infos)
                        .filter(info -> info.epoch() > leader.epoch()));
        Change change = new Change(
                number,
                old.id(),
                now.node(),
                now.epoch(),
                load.longestGaps(askedAt, until),
                load.longestGaps(Math.max(quietFrom, askedAt - length), askedAt),
                detail);
        if (kind == Options.Kind.STOP) {
            progress.phase("waiting until " + old.id() + " is in sync again");
            old.start();
        }
        drill.awaitAllInSync(load::check);
        return change;
    }

    private static String transfer(KvNode leader, String target) throws IOException {
        try (RespConnection connection = RespConnection.dial(leader.resp(), Duration.ofSeconds(10))) {
            Reply reply = connection.call("HANDOVER", "TRANSFER", target);
            if (reply instanceof Reply.Status status) {
                return status.text();
            }
            throw new DemoFailure(leader.id() + " did not transfer to " + target + ": " + reply);
        }
    }

    /** The result of all rounds: one line, for programs. A failed request is one without an answer, or refused otherwise than by a server that goes. */
    static String json(Options.Kind kind, List<Change> changes, Acknowledgements all, int unknown, Audit audit) {
        return "{\"kind\":\"" + kind.name().toLowerCase(Locale.ROOT) + "\",\"rounds\":" + changes.size()
                + ",\"acknowledged\":" + all.total() + ",\"failed\":" + (all.breaks() + all.refusals())
                + ",\"unknown\":" + unknown + ",\"redirected\":" + all.redirections() + ",\"lost\":"
                + audit.lost().size() + ",\"duplicated\":" + audit.duplicated().size() + ",\"pause_ms\":"
                + spread(changes.stream()
                        .flatMap(change -> change.gaps().stream())
                        .toList()) + ",\"undisturbed_ms\":"
                + spread(changes.stream()
                        .flatMap(change -> change.undisturbed().stream())
                        .toList()) + "}";
    }

    private static String spread(List<Long> nanos) {
        return Summary.Spread.of(nanos).json();
    }
}
