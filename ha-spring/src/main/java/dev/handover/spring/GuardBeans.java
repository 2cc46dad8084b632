package dev.handover.spring;

import dev.handover.guard.Guard;
import dev.handover.guard.GuardRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/** Finds the guard that an annotation names: the application's, or one of the properties, or one with the defaults. */
final class GuardBeans implements SmartInitializingSingleton {
    private static final Logger LOG = LoggerFactory.getLogger(GuardBeans.class);

    private final ListableBeanFactory beans;
    private final GuardRegistry registry;
    private final Map<String, GuardProperties> configured;
    private final Map<String, Guard> found = new ConcurrentHashMap<>();

    /**
     * Checks what is configured.
     *
     * @throws InvalidPropertyException names the key, the value and a remedy
     */
    GuardBeans(ListableBeanFactory beans, GuardRegistry registry, Map<String, GuardProperties> configured) {
        this.beans = beans;
        this.registry = registry;
        this.configured = new TreeMap<>(configured);
        this.configured.forEach((name, guard) -> guard.build(name, GuardRegistry.create()));
    }

    /** When the application's own guards are there: all others that are configured are made, so that they are shown and measured before the first call. */
    @Override
    public void afterSingletonsInstantiated() {
        Map<String, Guard> own = new TreeMap<>(beans.getBeansOfType(Guard.class));
        for (String name : configured.keySet()) {
            if (own(name, own).isPresent()) {
                LOG.warn("{}.{} is not used: the application has a bean for this guard", GuardProperties.PREFIX, name);
            } else {
                get(name);
            }
        }
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
        return own(name, own).or(() -> registry.find(name)).orElseGet(() -> made(name));
    }

    private static Optional<Guard> own(String name, Map<String, Guard> own) {
        Guard bean = own.get(name);
        return bean != null
                ? Optional.of(bean)
                : own.values().stream()
                        .filter(guard -> guard.name().equals(name))
                        .findFirst();
    }

    private Guard made(String name) {
        GuardProperties settings = configured.get(name);
        return settings == null ? Guard.named(name).in(registry).build() : settings.build(name, registry);
    }
}
