package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.guard.EndpointGroup;
import dev.handover.guard.Guard;
import dev.handover.guard.GuardRegistry;
import dev.handover.ops.OpsGuards;
import dev.handover.ops.OpsModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/** Shows operators the application's guards (those of every registry that a bean belongs to) and its groups of endpoints. */
final class GuardsShown implements SmartInitializingSingleton, DisposableBean {
    private final OpsModel model;
    private final ListableBeanFactory beans;
    private final List<Registration> shown = new ArrayList<>();

    GuardsShown(OpsModel model, ListableBeanFactory beans) {
        this.model = model;
        this.beans = beans;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Set<GuardRegistry> registries = Collections.newSetFromMap(new IdentityHashMap<>());
        registries.addAll(beans.getBeansOfType(GuardRegistry.class).values());
        beans.getBeansOfType(Guard.class).values().forEach(guard -> registries.add(guard.registry()));
        registries.forEach(registry -> shown.add(model.items(OpsGuards.guards(registry))));
        beans.getBeansOfType(EndpointGroup.class)
                .values()
                .forEach(group -> shown.add(model.items(OpsGuards.endpoints(group))));
    }

    @Override
    public void destroy() {
        shown.forEach(Registration::close);
    }
}
