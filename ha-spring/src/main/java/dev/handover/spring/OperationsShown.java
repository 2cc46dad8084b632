package dev.handover.spring;

import dev.handover.Registration;
import dev.handover.election.LeaderElection;
import dev.handover.ops.OpsModel;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.partition.Partitions;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.context.ApplicationListener;

/** Shows elections and blue-green services to operators with what may be done to them, as soon as this instance stands. */
final class OperationsShown implements ApplicationListener<HandoverLifecycle.Joined> {
    private final OpsModel model;
    private final ListableBeanFactory beans;
    private final List<Registration> shown = new ArrayList<>();

    OperationsShown(OpsModel model, ListableBeanFactory beans) {
        this.model = model;
        this.beans = beans;
    }

    @Override
    public synchronized void onApplicationEvent(HandoverLifecycle.Joined event) {
        shown.forEach(Registration::close);
        shown.clear();
        beans.getBeansOfType(LeaderElection.class)
                .forEach((name, election) -> shown.add(model.election(name, election)));
        beans.getBeansOfType(BlueGreen.class).values().forEach(service -> shown.add(model.blueGreen(service)));
        beans.getBeansOfType(Partitions.class).values().forEach(all -> shown.add(model.partitions(all)));
    }
}
