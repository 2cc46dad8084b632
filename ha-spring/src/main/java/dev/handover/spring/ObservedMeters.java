package dev.handover.spring;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/** Removes what Micrometer has made of observations, timers and a counter for each kind of event: a registry may outlive the context whose node they tell of. */
final class ObservedMeters implements SmartInitializingSingleton, DisposableBean {
    private static final String ACTIVE = ".active";
    private static final Set<String> NAMES =
            Set.of(LogObservations.SUBMIT, LogObservations.READ, ObservedStateMachine.APPLY);

    private final ObjectProvider<MeterRegistry> registries;
    private List<MeterRegistry> found = List.of();

    ObservedMeters(ObjectProvider<MeterRegistry> registries) {
        this.registries = registries;
    }

    /** Later, when it ends, the context may not give them any more. */
    @Override
    public void afterSingletonsInstantiated() {
        found = registries.stream().toList();
    }

    @Override
    public void destroy() {
        found.forEach(registry -> List.copyOf(registry.getMeters()).stream()
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
