package dev.handover.metrics;

import dev.handover.takeover.partition.BalanceStatus;
import dev.handover.takeover.partition.Partitions;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * Registers what one instance knows of how its partitions are spread: {@code docs/metrics.md} lists the meters, {@code handover.partitions.*}. What each partition does is in {@link HandoverMetrics}, as for every
 * group.
 *
 * <p>Any thread. Everything is read from {@link Partitions#balance} when the registry is asked.
 */
public final class PartitionMetrics implements MeterBinder, AutoCloseable {
    private record Bound(MeterRegistry registry, Meter meter) {}

    private final Partitions partitions;
    private final List<Bound> bound = new ArrayList<>();

    /** For these partitions; close it before, or after, them. */
    public PartitionMetrics(Partitions partitions) {
        this.partitions = Objects.requireNonNull(partitions, "partitions");
    }

    /** Registers there; may be called for several registries. */
    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        Objects.requireNonNull(registry, "registry");
        gauge(registry, HandoverMeter.PARTITIONS_LED, BalanceStatus::led);
        gauge(registry, HandoverMeter.PARTITIONS_SETTLED, balance -> balance.settled() ? 1 : 0);
        gauge(registry, HandoverMeter.PARTITIONS_LEFT, BalanceStatus::left);
        gauge(registry, HandoverMeter.PARTITIONS_AWAITED, balance -> balance.awaited()
                .size());
        gauge(registry, HandoverMeter.PARTITIONS_DRAINING, balance -> balance.draining()
                .size());
        gauge(registry, HandoverMeter.PARTITIONS_IMBALANCE, BalanceStatus::imbalance);
        moves(registry, "moved", BalanceStatus::moved);
        moves(registry, "refused", BalanceStatus::refused);
    }

    private void gauge(MeterRegistry registry, HandoverMeter meter, ToDoubleFunction<BalanceStatus> value) {
        bound.add(new Bound(
                registry,
                Gauge.builder(meter.id(), partitions, it -> value.applyAsDouble(it.balance()))
                        .baseUnit(meter.unit().isEmpty() ? null : meter.unit())
                        .description(meter.help())
                        .tags(tags())
                        .register(registry)));
    }

    private void moves(MeterRegistry registry, String result, ToDoubleFunction<BalanceStatus> value) {
        HandoverMeter meter = HandoverMeter.PARTITION_MOVES;
        bound.add(new Bound(
                registry,
                FunctionCounter.builder(meter.id(), partitions, it -> value.applyAsDouble(it.balance()))
                        .baseUnit(meter.unit())
                        .description(meter.help())
                        .tags(tags().and("result", result))
                        .register(registry)));
    }

    private Tags tags() {
        return Tags.of(
                "partitions", partitions.name(), "node", partitions.node().value());
    }

    /** Removes all meters from all registries. Closing twice is fine. */
    @Override
    public synchronized void close() {
        bound.forEach(each -> each.registry().remove(each.meter()));
        bound.clear();
    }
}
