package dev.handover.takeover.partition;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.TransferRefusedException;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Who waits for this instance to lead nothing any more. Any thread; what it answers it answers without its lock. */
final class Draining {
    private record Waiter(CompletableFuture<Void> future, Duration timeout, long deadlineNanos) {}

    private final HaNode node;
    private final String name;
    private final List<ReplicatedLog> logs;
    private final List<Waiter> waiters = new ArrayList<>();
    private boolean closed;

    Draining(HaNode node, String name, List<ReplicatedLog> logs) {
        this.node = node;
        this.name = name;
        this.logs = List.copyOf(logs);
    }

    CompletableFuture<Void> begin(Duration timeout) {
        Waiter waiter = new Waiter(new CompletableFuture<>(), timeout, System.nanoTime() + timeout.toNanos());
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(closed());
            }
            waiters.add(waiter);
        }
        node.drain().whenComplete((announced, failure) -> {
            if (failure != null) {
                waiter.future.completeExceptionally(failure);
            }
        });
        return waiter.future;
    }

    CompletableFuture<Void> resume() {
        fail(new TransferRefusedException("partitions " + name + "/" + node.id()
                + ": the instance was resumed before it had given everything away"));
        return node.resume();
    }

    /** After each look. It must be seen to drain: until then it may be given something. */
    void looked(BalanceStatus status) {
        answer(
                status.led() == 0
                        && status.underWay().isEmpty()
                        && status.draining().contains(node.id()),
                status);
    }

    /** When a look has failed: only time has passed since the last one that did not. */
    void notLooked(BalanceStatus last) {
        answer(false, last);
    }

    private void answer(boolean done, BalanceStatus status) {
        long now = System.nanoTime();
        List<Waiter> ended = new ArrayList<>();
        synchronized (this) {
            for (Iterator<Waiter> i = waiters.iterator(); i.hasNext(); ) {
                Waiter waiter = i.next();
                if (done || waiter.future.isDone() || now - waiter.deadlineNanos >= 0) {
                    i.remove();
                    ended.add(waiter);
                }
            }
        }
        for (Waiter waiter : ended) {
            if (done) {
                waiter.future.complete(null);
            } else {
                waiter.future.completeExceptionally(new TransferRefusedException("partitions " + name + "/" + node.id()
                        + " still lead " + status.led() + " of " + logs.size() + " partitions after " + waiter.timeout
                        + why(status) + "; it drains on until it is resumed"));
            }
        }
    }

    private String why(BalanceStatus status) {
        if (!status.draining().contains(node.id())) {
            return ": the configuration store does not tell the others yet that it drains";
        }
        NodeId self = node.id();
        for (ReplicatedLog log : logs) {
            var configuration = log.status().configuration();
            if (configuration != null
                    && configuration.leader().node().equals(self)
                    && configuration.inSync().size() == 1) {
                return ": nobody else is in sync in " + log.group() + ", bring another instance in sync first";
            }
        }
        return ", " + status.left() + " are to move, awaited: " + status.awaited();
    }

    void close() {
        synchronized (this) {
            closed = true;
        }
        fail(closed());
    }

    private ReplicaClosedException closed() {
        return new ReplicaClosedException("partitions " + name + "/" + node.id() + " are closed; start them again");
    }

    private void fail(HandoverException why) {
        List<Waiter> all;
        synchronized (this) {
            all = List.copyOf(waiters);
            waiters.clear();
        }
        all.forEach(waiter -> waiter.future.completeExceptionally(why));
    }
}
