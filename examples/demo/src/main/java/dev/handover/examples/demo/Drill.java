package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** Kills the leader, measures, starts it again, waits until it is in sync: round after round. Runs on one thread. */
final class Drill {
    private static final long STEP_SECONDS = 30;
    private static final long POLL_MILLIS = 10;
    /** Load before each kill: enough that a JVM which has just been started again has compiled what it uses all the time. */
    private static final long LOAD_MILLIS = 2_000;
    /** How long after the kill a gap is counted as its gap. */
    private static final long AFTERMATH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Cluster cluster;
    private final Observer observer;
    private final Progress progress;

    Drill(Cluster cluster, Observer observer, Progress progress) {
        this.cluster = cluster;
        this.observer = observer;
        this.progress = progress;
    }

    /** Waits until all nodes are in sync, and returns the leader. */
    NodeInfo awaitAllInSync(Runnable check) throws InterruptedException {
        int size = cluster.nodes().size();
        return await(() -> "all " + size + " nodes to be in sync", check, infos -> Observer.leader(infos)
                .filter(info -> info.inSync().size() == size));
    }

    /** One round. */
    Round run(int number, Load load) throws IOException, InterruptedException {
        progress.phase("writing");
        awaitAllInSync(load::check);
        long before = load.acknowledged().total();
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LOAD_MILLIS);
        while (System.nanoTime() - until < 0) {
            load.check();
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        if (load.acknowledged().total() == before) {
            throw new DemoFailure("no write was acknowledged within " + LOAD_MILLIS + " ms before the kill");
        }
        NodeInfo leader = awaitAllInSync(load::check);
        KvNode victim = cluster.node(leader.node());
        List<InetSocketAddress> survivors = new ArrayList<>(cluster.addresses());
        survivors.remove(victim.resp());
        boolean clientWasOnLeader = cluster.nodes().get(load.sequentialNode()) == victim;
        long oldEpoch = leader.epoch();

        LocalTime killedWall;
        long killedAt;
        long committedAt;
        try (TakeOverProbe probe = new TakeOverProbe(survivors, number)) {
            progress.phase("leader " + victim.id() + " gets SIGKILL");
            killedWall = LocalTime.now();
            killedAt = System.nanoTime();
            victim.kill();
            probe.killed();
            Long first = probe.firstCommit(TimeUnit.SECONDS.toNanos(STEP_SECONDS));
            if (first == null) {
                throw new DemoFailure("nobody has committed a write within " + STEP_SECONDS + " s after leader "
                        + victim.id() + " was killed; the last that was heard: " + probe.lastTrouble());
            }
            committedAt = first;
        }
        NodeInfo successor =
                await(() -> "a leader with an epoch above " + oldEpoch, load::check, infos -> Observer.leader(infos)
                        .filter(info -> info.epoch() > oldEpoch));
        await(
                () -> "a write of the sequential client after the kill",
                load::check,
                infos -> load.sequential().anyAfter(killedAt + AFTERMATH_NANOS) ? Optional.of(true) : Optional.empty());
        long gap = load.sequential().longestGap(killedAt, killedAt + AFTERMATH_NANOS);
        progress.measured(committedAt - killedAt, gap);
        victim.awaitExit();

        progress.phase("waiting until " + victim.id() + " is in sync again");
        long startedAt = System.nanoTime();
        victim.start();
        awaitAllInSync(load::check);
        long back = System.nanoTime();
        long laterGap = load.sequential().longestGap(killedAt + AFTERMATH_NANOS, back);
        return new Round(
                number,
                killedWall,
                victim.id(),
                successor.node(),
                successor.epoch(),
                committedAt - killedAt,
                gap,
                laterGap,
                clientWasOnLeader,
                back - startedAt);
    }

    <T> T await(Supplier<String> what, Runnable check, Function<List<Optional<NodeInfo>>, Optional<T>> condition)
            throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STEP_SECONDS);
        while (true) {
            check.run();
            List<Optional<NodeInfo>> infos = observer.look();
            Optional<T> result = condition.apply(infos);
            if (result.isPresent()) {
                return result.get();
            }
            if (System.nanoTime() - deadline > 0) {
                throw new DemoFailure("waited " + STEP_SECONDS + " s in vain for " + what.get() + "; the nodes say "
                        + infos.stream()
                                .map(info -> info.map(NodeInfo::toString).orElse("nothing"))
                                .toList());
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }
}
