package dev.handover.spring;

import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import dev.handover.replication.ReplicatedLog;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;

/** The leaderships that a bean's method can depend on: of every group by its name, and of every {@link LeadershipSource} bean by the bean's. */
final class LeadershipSources {
    private final ListableBeanFactory beans;
    private volatile @Nullable Map<String, LeadershipSource> all;

    LeadershipSources(ListableBeanFactory beans) {
        this.beans = beans;
    }

    /** A leadership and how it is called. */
    record Named(String name, LeadershipSource source) {}

    /** Of that name; the only one if it is empty. */
    Named get(String wanted) {
        Map<String, LeadershipSource> known = all();
        String name = wanted.isEmpty() && known.size() == 1
                ? known.keySet().iterator().next()
                : wanted;
        LeadershipSource source = known.get(name);
        if (source == null) {
            throw new IllegalStateException("there is no group and no LeadershipSource bean '" + wanted + "', only "
                    + known.keySet() + ": name one of them in @LeaderOnly");
        }
        return new Named(name, source);
    }

    /** The leadership of this instance, checked now; null if it does not lead. */
    static Leadership.@Nullable Leading checked(LeadershipSource source) {
        return source.current() instanceof Leadership.Leading leading && leading.isValid() ? leading : null;
    }

    /** Asked for when a method is called first, when all beans can be made. */
    private Map<String, LeadershipSource> all() {
        Map<String, LeadershipSource> known = all;
        if (known == null) {
            Map<String, LeadershipSource> found = new TreeMap<>(beans.getBeansOfType(LeadershipSource.class));
            beans.getBeansOfType(ReplicatedLog.class)
                    .values()
                    .forEach(log -> found.put(log.group().value(), log.leadership()));
            all = known = found;
        }
        return known;
    }
}
