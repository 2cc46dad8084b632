package dev.handover.spring;

import dev.handover.guard.Guard;
import dev.handover.guard.GuardRegistry;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.ListableBeanFactory;

/** Finds the guard that an annotation names: the application's, or one with the defaults. */
final class GuardBeans {
    private final ListableBeanFactory beans;
    private final GuardRegistry registry;
    private final Map<String, Guard> found = new ConcurrentHashMap<>();

    GuardBeans(ListableBeanFactory beans, GuardRegistry registry) {
        this.beans = beans;
        this.registry = registry;
    }

    Guard get(String name) {
        return found.computeIfAbsent(name, this::find);
    }

    private Guard find(String name) {
        Map<String, Guard> own = new TreeMap<>(beans.getBeansOfType(Guard.class));
        if (name.isEmpty()) {
            if (own.size() != 1) {
                throw new IllegalStateException(
                        "@Guarded without a name needs exactly one bean of type Guard, and there are " + own.size()
                                + " " + own.keySet() + "; name the guard in the annotation");
            }
            return own.values().iterator().next();
        }
        Guard bean = own.get(name);
        if (bean != null) {
            return bean;
        }
        for (Guard guard : own.values()) {
            if (guard.name().equals(name)) {
                return guard;
            }
        }
        return registry.find(name)
                .orElseGet(() -> Guard.named(name).in(registry).build());
    }
}
