package dev.handover.metrics;

import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Registers the meters of a node and of every group that it has joined, now or later. {@code docs/metrics.md} lists them. Tags are group, node, and values of enums: as many
 * series as groups, and no more.
 *
 * <pre>{@code
 * try (HandoverMetrics metrics = new HandoverMetrics(node)) {
 *     metrics.bindTo(registry);
 *     ...
 * }
 * }</pre>
 *
 * <p>Any thread. Nothing of it runs on the way of a command: gauges read the status when the registry is asked, the rest is counted on the node's event thread.
 */
public final class HandoverMetrics implements MeterBinder, AutoCloseable {
    private final HaNode node;
    private final List<Bound> bound = new ArrayList<>();

    /** For this node; close it before, or after, the node. */
    public HandoverMetrics(HaNode node) {
        this.node = Objects.requireNonNull(node, "node");
    }

    /** Registers there; may be called for several registries. */
    @Override
    public void bindTo(MeterRegistry registry) {
        Bound next = new Bound(node, Objects.requireNonNull(registry, "registry"));
        synchronized (bound) {
            bound.add(next);
        }
        next.begin();
    }

    /** Removes all meters from all registries. Closing twice is fine. */
    @Override
    public void close() {
        List<Bound> all;
        synchronized (bound) {
            all = List.copyOf(bound);
            bound.clear();
        }
        all.forEach(Bound::close);
    }

    /** The meters of one group in one registry. */
    private static final class OfGroup {
        final List<Meter> meters = new ArrayList<>();
        final Map<HaEvent.SnapshotStep, Counter> snapshots = new TreeMap<>();
        final Map<HaEvent.SwitchStep, Counter> switchSteps = new TreeMap<>();
        final Timer takeOver;
        final Timer transferPause;
        final Counter failedTransfers;
        final Counter configurations;
        final Counter lostConnections;
        volatile boolean storeReachable = true;
        long suspectedNanos;
        boolean suspected;
        long transferredNanos;
        boolean transferred;

        OfGroup(Bound owner, GroupId group) {
            Tags tags = Tags.of("group", group.value(), "node", owner.node.id().value());
            for (HandoverMeter meter : HandoverMeter.values()) {
                ToDoubleFunction<GroupStatus> gauge = meter.gauge();
                if (gauge != null) {
                    meters.add(owner.gauge(meter, tags, group, gauge));
                }
            }
            for (Role role : Role.values()) {
                meters.add(owner.gauge(
                        HandoverMeter.ROLE,
                        tags.and("role", HandoverMeter.tag(role)),
                        group,
                        status -> status.role() == role ? 1 : 0));
            }
            for (HaEvent.SnapshotStep step : HaEvent.SnapshotStep.values()) {
                Counter counter = counter(owner, HandoverMeter.SNAPSHOTS, tags.and("step", HandoverMeter.tag(step)));
                snapshots.put(step, counter);
            }
            for (HaEvent.SwitchStep step : HaEvent.SwitchStep.values()) {
                Tags tagged = tags.and("step", HandoverMeter.tag(step));
                switchSteps.put(step, counter(owner, HandoverMeter.SWITCH_STEPS, tagged));
            }
            takeOver = timer(owner, HandoverMeter.TAKE_OVER, tags);
            transferPause = timer(owner, HandoverMeter.TRANSFER_PAUSE, tags);
            failedTransfers = counter(owner, HandoverMeter.FAILED_TRANSFERS, tags);
            configurations = counter(owner, HandoverMeter.CONFIGURATIONS, tags);
            lostConnections = counter(owner, HandoverMeter.LOST_CONNECTIONS, tags);
            meters.add(Gauge.builder(HandoverMeter.STORE_REACHABLE.id(), this, it -> it.storeReachable ? 1 : 0)
                    .description(HandoverMeter.STORE_REACHABLE.help())
                    .tags(tags)
                    .register(owner.registry));
        }

        private Counter counter(Bound owner, HandoverMeter meter, Tags tags) {
            Counter counter = Counter.builder(meter.id())
                    .baseUnit(meter.unit())
                    .description(meter.help())
                    .tags(tags)
                    .register(owner.registry);
            meters.add(counter);
            return counter;
        }

        private Timer timer(Bound owner, HandoverMeter meter, Tags tags) {
            Timer timer = Timer.builder(meter.id())
                    .description(meter.help())
                    .tags(tags)
                    .register(owner.registry);
            meters.add(timer);
            return timer;
        }

        void accept(HaEvent event) {
            if (event instanceof HaEvent.TakeOver step) {
                takeOver(step);
            } else if (event instanceof HaEvent.Transfer step) {
                transfer(step);
            } else if (event instanceof HaEvent.ConfigurationChanged) {
                configurations.increment();
            } else if (event instanceof HaEvent.Snapshot snapshot) {
                Objects.requireNonNull(snapshots.get(snapshot.step())).increment();
            } else if (event instanceof HaEvent.ColourSwitch change) {
                Objects.requireNonNull(switchSteps.get(change.step())).increment();
            } else if (event instanceof HaEvent.PeerConnection connection && connection.lost() != null) {
                lostConnections.increment();
            } else if (event instanceof HaEvent.Coordination coordination) {
                storeReachable = coordination.reachable();
            }
        }

        private void takeOver(HaEvent.TakeOver step) {
            if (step.step() == TakeOverStep.SUSPECTED) {
                suspected = true;
                suspectedNanos = step.nanos();
            } else if (step.step() == TakeOverStep.LOST) {
                suspected = false;
            } else if (step.step() == TakeOverStep.SERVING && suspected) {
                suspected = false;
                takeOver.record(step.nanos() - suspectedNanos, TimeUnit.NANOSECONDS);
            }
        }

        private void transfer(HaEvent.Transfer step) {
            if (step.step() == TransferStep.TRANSFERRED) {
                transferred = true;
                transferredNanos = step.nanos();
            } else if (step.step() == TransferStep.SERVING && transferred) {
                transferPause.record(step.nanos() - transferredNanos, TimeUnit.NANOSECONDS);
            } else if (step.step() == TransferStep.REFUSED || step.step() == TransferStep.GIVEN_UP) {
                failedTransfers.increment();
            }
            transferred &= !step.step().isLast();
        }
    }

    /** One registry. */
    private static final class Bound {
        private final HaNode node;
        private final MeterRegistry registry;
        private final Map<GroupId, OfGroup> groups = new TreeMap<>();
        private @Nullable Meter dropped;
        private @Nullable Registration events;
        private boolean closed;

        Bound(HaNode node, MeterRegistry registry) {
            this.node = node;
            this.registry = registry;
        }

        synchronized void begin() {
            if (closed) {
                return;
            }
            dropped = FunctionCounter.builder(HandoverMeter.DROPPED_EVENTS.id(), node.events(), bus -> bus.dropped())
                    .baseUnit(HandoverMeter.DROPPED_EVENTS.unit())
                    .description(HandoverMeter.DROPPED_EVENTS.help())
                    .tags("node", node.id().value())
                    .register(registry);
            events = node.events().subscribe(this::accept);
            node.groups().forEach(this::of);
        }

        private synchronized void accept(HaEvent event) {
            if (closed) {
                return;
            }
            Set<GroupId> present = node.groups();
            for (Iterator<Map.Entry<GroupId, OfGroup>> i = groups.entrySet().iterator(); i.hasNext(); ) {
                Map.Entry<GroupId, OfGroup> group = i.next();
                if (!present.contains(group.getKey())) {
                    group.getValue().meters.forEach(registry::remove);
                    i.remove();
                }
            }
            if (present.contains(event.group())) {
                of(event.group()).accept(event);
            }
        }

        private OfGroup of(GroupId group) {
            return groups.computeIfAbsent(group, id -> new OfGroup(this, id));
        }

        Meter gauge(HandoverMeter meter, Tags tags, GroupId group, ToDoubleFunction<GroupStatus> value) {
            return Gauge.builder(meter.id(), node, it -> it.status(group)
                            .map(value::applyAsDouble)
                            .orElse(Double.NaN))
                    .baseUnit(meter.unit().isEmpty() ? null : meter.unit())
                    .description(meter.help())
                    .tags(tags)
                    .register(registry);
        }

        synchronized void close() {
            closed = true;
            Registration subscription = events;
            if (subscription != null) {
                subscription.close();
                events = null;
            }
            groups.values().forEach(group -> group.meters.forEach(registry::remove));
            groups.clear();
            Meter counter = dropped;
            if (counter != null) {
                registry.remove(counter);
                dropped = null;
            }
        }
    }
}
