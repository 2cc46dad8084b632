package dev.handover.spring;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;

/** Removes what Micrometer has made of observations, timers and a counter for each kind of event: a registry may outlive the context whose node they tell of. */
final class ObservedMeters implements DisposableBean {
    private static final String ACTIVE = ".active";
    private static final Set<String> NAMES =
            Set.of(LogObservations.SUBMIT, LogObservations.READ, ObservedStateMachine.APPLY);

    private final ObjectProvider<MeterRegistry> registries;

    ObservedMeters(ObjectProvider<MeterRegistry> registries) {
        this.registries = registries;
    }

    @Override
    public void destroy() {
        registries.stream().forEach(registry -> List.copyOf(registry.getMeters()).stream()
                .map(Meter::getId)
                .filter(id -> isOurs(id.getName()))
                .forEach(registry::remove));
    }

    private static boolean isOurs(String name) {
        String observation = name.endsWith(ACTIVE) ? name.substring(0, name.length() - ACTIVE.length()) : name;
        return NAMES.contains(observation)
                || NodeObservations.NAMES.stream().anyMatch(each -> observation.startsWith(each + "."))
                || NodeObservations.NAMES.contains(observation);
    }
}
