package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A transfer and a take-over of three cores in memory, which exists for what it leaves behind: a follower leads for the first time in its life when everybody waits for it, and
 * by then the code of that should be loaded and compiled. Nothing leaves it, and nothing of it is kept. One thread.
 */
public final class Rehearsal {
    private static final UUID LINEAGE = new UUID(1, 1);
    private static final int COMMANDS = 4;
    private static final int MOST_STEPS = 10_000;
    private static final long TRANSFER_PATIENCE_NANOS = 10_000_000_000L;
    private static final byte[] COMMAND = new byte[16];

    private record Delivery(Player to, Event event) {}

    /** One replica with a disk and a network that never fail. */
    private static final class Player {
        final ReplicaId id;
        final ReplicaProtocol core;
        final List<LogEntry> log = new ArrayList<>();
        boolean dead;
        long applied;

        Player(ReplicaId id, ReplicaProtocol core) {
            this.id = id;
            this.core = core;
        }
    }

    private final List<Player> players = new ArrayList<>();
    private final Queue<Delivery> deliveries = new ArrayDeque<>();
    private final long tickNanos;
    private VersionedConfiguration stored;
    private long nowNanos;
    private long ids;
    private int steps;

    private Rehearsal(ProtocolOptions options) {
        tickNanos = Math.max(1, options.heartbeatNanos() / 4);
        List<ReplicaId> all = List.of(replica("a"), replica("b"), replica("c"));
        stored = new VersionedConfiguration(
                new Configuration(LINEAGE, 1, all.get(0), all, 1, 1, new UUID(2, 0), "rehearsal"), 0);
        for (ReplicaId id : all) {
            RecoveredReplica recovered = new RecoveredReplica(LINEAGE, 1, 2, 0, List.of(), 0);
            players.add(new Player(id, new ReplicaProtocol(options, id, recovered, () -> new UUID(3, ++ids))));
        }
    }

    /** What would keep three players from coming to the end of the play: a learner never leads, and two must be enough when one is dead. */
    private static ProtocolOptions playable(ProtocolOptions options) {
        return options.withLearner(false).withMinInSync(Math.min(2, options.minInSync()));
    }

    private static ReplicaId replica(String name) {
        return new ReplicaId(NodeId.of("rehearsal-" + name), new UUID(4, name.charAt(0)));
    }

    /**
     * A group begins, commits, has its leadership transferred, loses its leader, and commits under the next.
     *
     * @param options of the cores; who is a learner plays as if it was none, and two copies are enough
     * @return how many commands the next leader has applied, those of the first one included
     * @throws IllegalStateException if it does not come to its end, which would be a defect
     */
    public static long takeOver(ProtocolOptions options) {
        return new Rehearsal(playable(options)).play();
    }

    private long play() {
        for (Player player : players) {
            give(player, new Event.Start());
            for (Player peer : players) {
                if (peer != player) {
                    give(player, new Event.PeerConnected(peer.id.node()));
                }
            }
        }
        Player founder = leader();
        propose(founder);
        Player first = transferred(founder);
        first.dead = true;
        for (Player survivor : players) {
            if (!survivor.dead) {
                give(survivor, new Event.PeerDisconnected(first.id.node()));
                give(survivor, new Event.PeerRefused(first.id.node()));
            }
        }
        Player next = leader();
        propose(next);
        return next.applied;
    }

    /** Its leadership is asked for, and given to another. */
    private Player transferred(Player from) {
        for (Player heir : players) {
            if (heir != from) {
                give(from, new Event.Transfer(++ids, heir.id.node(), TRANSFER_PATIENCE_NANOS));
                break;
            }
        }
        Player to = leader();
        while (to == from) { // ends with the steps
            tick();
            to = leader();
        }
        return to;
    }

    /** The one that leads, once it does, and all who live are in sync. */
    private Player leader() {
        while (steps < MOST_STEPS) {
            settle();
            int alive = 0;
            for (Player player : players) {
                alive += player.dead ? 0 : 1;
            }
            for (Player player : players) {
                Configuration configuration = player.core.configuration();
                if (!player.dead
                        && player.core.role() == Role.LEADER
                        && configuration != null
                        && configuration.inSync().size() == alive) {
                    return player;
                }
            }
            tick();
        }
        throw new IllegalStateException("the rehearsal found no leader within " + MOST_STEPS + " steps");
    }

    private void propose(Player leader) {
        long goal = leader.applied + COMMANDS;
        for (int i = 0; i < COMMANDS; i++) {
            give(leader, new Event.Propose(List.of(new Proposal(++ids, LogEntry.Kind.COMMAND, 0, 0, 0, COMMAND))));
            settle();
        }
        while (leader.applied < goal) {
            if (steps >= MOST_STEPS) {
                throw new IllegalStateException("the rehearsal did not commit within " + MOST_STEPS + " steps");
            }
            tick();
            settle();
        }
    }

    private void tick() {
        nowNanos += tickNanos;
        for (Player player : players) {
            step(player, new Event.Tick(nowNanos, nowNanos));
        }
    }

    private void give(Player to, Event event) {
        deliveries.add(new Delivery(to, event));
    }

    /** Until nothing is on its way. */
    private void settle() {
        Delivery next;
        while (steps < MOST_STEPS && (next = deliveries.poll()) != null) {
            step(next.to, new Event.Tick(nowNanos, nowNanos));
            step(next.to, next.event);
        }
    }

    private void step(Player player, Event event) {
        if (player.dead) {
            return;
        }
        steps++;
        for (Effect effect : player.core.step(event)) {
            execute(player, effect);
        }
    }

    private void execute(Player player, Effect effect) {
        if (effect instanceof Effect.Write write) {
            write(player, write);
            give(player, new Event.Persisted(write.writeId()));
        } else if (effect instanceof Effect.Send send) {
            Player to = player(send.to());
            if (to != null) {
                give(to, new Event.Received(player.id, send.message()));
            }
        } else if (effect instanceof Effect.Fetch fetch) {
            int from = (int) fetch.fromIndex() - 1;
            give(player, new Event.Fetched(fetch.fetchId(), List.copyOf(player.log.subList(from, (int)
                    fetch.toIndex()))));
        } else if (effect instanceof Effect.Apply apply) {
            for (LogEntry entry : apply.entries()) {
                player.applied += entry.kind() == LogEntry.Kind.COMMAND ? 1 : 0;
            }
            LogEntry last = apply.entries().get(apply.entries().size() - 1);
            give(player, new Event.Applied(last.index()));
        } else if (effect instanceof Effect.CompareAndSet cas) {
            give(player, new Event.CasCompleted(cas.next().nonce(), compareAndSet(cas)));
        } else if (effect instanceof Effect.ReadConfiguration) {
            give(player, new Event.ConfigurationRead(stored));
        } else if (effect instanceof Effect.RecordBoot boot) {
            give(player, new Event.BootRecorded(boot.bootCounter() - 1));
        } else if (effect instanceof Effect.Faulted faulted) {
            throw new IllegalStateException("the rehearsal has faulted: " + faulted.reason());
        }
    }

    private static void write(Player player, Effect.Write write) {
        if (write instanceof Effect.WriteEntries entries) {
            player.log.addAll(entries.entries());
        } else if (write instanceof Effect.TruncateLog cut) {
            player.log.subList((int) cut.fromIndex() - 1, player.log.size()).clear();
        }
    }

    private CasOutcome compareAndSet(Effect.CompareAndSet cas) {
        if (cas.expectedVersion() != stored.version()) {
            return new CasOutcome.Conflict(stored);
        }
        stored = new VersionedConfiguration(cas.next(), stored.version() + 1);
        for (Player player : players) {
            give(player, new Event.ConfigurationSeen(stored));
        }
        return new CasOutcome.Applied(stored);
    }

    private @Nullable Player player(NodeId node) {
        for (Player player : players) {
            if (player.id.node().equals(node)) {
                return player;
            }
        }
        return null;
    }
}
