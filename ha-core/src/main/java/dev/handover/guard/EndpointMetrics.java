package dev.handover.guard;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.List;

/** Meters of a group's endpoints beside those of their guards; docs/guards.md lists them. Closing it removes them. */
public final class EndpointMetrics implements MeterBinder, AutoCloseable {
    private final EndpointGroup<?> group;
    private final List<Runnable> removals = new ArrayList<>();

    /** Of this group. */
    public EndpointMetrics(EndpointGroup<?> group) {
        this.group = group;
    }

    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        List<EndpointStatus> endpoints = group.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            int number = i;
            Tags tags =
                    Tags.of("group", group.name(), "endpoint", endpoints.get(i).name());
            bound(
                    registry,
                    Gauge.builder(
                                    "handover.endpoint.ejected",
                                    group,
                                    g -> status(g, number).ejected() ? 1 : 0)
                            .tags(tags)
                            .description("1 if the endpoint is left out")
                            .register(registry));
            bound(
                    registry,
                    Gauge.builder("handover.endpoint.under.way", group, g -> status(g, number)
                                    .underWay())
                            .tags(tags)
                            .baseUnit("calls")
                            .description("calls of the group to the endpoint at this moment")
                            .register(registry));
            bound(
                    registry,
                    FunctionCounter.builder("handover.endpoint.ejections", group, g -> status(g, number)
                                    .ejections())
                            .tags(tags)
                            .baseUnit("ejections")
                            .description("how often the endpoint was left out")
                            .register(registry));
        }
    }

    private static EndpointStatus status(EndpointGroup<?> group, int number) {
        return group.endpoints().get(number);
    }

    private void bound(MeterRegistry registry, Meter meter) {
        removals.add(() -> registry.remove(meter.getId()));
    }

    @Override
    public synchronized void close() {
        removals.forEach(Runnable::run);
        removals.clear();
    }
}
