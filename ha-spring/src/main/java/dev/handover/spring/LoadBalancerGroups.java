package dev.handover.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.health.actuate.endpoint.AdditionalHealthEndpointPath;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroup;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroupsPostProcessor;
import org.springframework.boot.health.actuate.endpoint.HttpCodeStatusMapper;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;

/**
 * Adds the health groups {@code leader} and {@code in-sync}, for load balancers, and keeps what they are made of out of all others: not to lead is no illness. A group of the same name of the application's goes
 * first.
 */
final class LoadBalancerGroups implements HealthEndpointGroupsPostProcessor {
    /** Names of the contributors, and of their groups. */
    static final Map<String, String> GROUPS = Map.of("handoverLeader", "leader", "handoverInSync", "in-sync");

    @Override
    public HealthEndpointGroups postProcessHealthEndpointGroups(HealthEndpointGroups groups) {
        Map<String, HealthEndpointGroup> all = new LinkedHashMap<>();
        for (String name : groups.getNames()) {
            HealthEndpointGroup group = groups.get(name);
            if (group != null) {
                all.put(name, GROUPS.containsValue(name) ? group : withoutOurs(group));
            }
        }
        GROUPS.forEach((contributor, name) ->
                all.computeIfAbsent(name, it -> new Group(groups.getPrimary(), member -> isPart(member, contributor))));
        return HealthEndpointGroups.of(withoutOurs(groups.getPrimary()), all);
    }

    private static boolean isPart(String member, String contributor) {
        return member.equals(contributor) || member.startsWith(contributor + "/");
    }

    private static HealthEndpointGroup withoutOurs(HealthEndpointGroup group) {
        return new Group(
                group,
                member -> GROUPS.keySet().stream().noneMatch(ours -> isPart(member, ours)) && group.isMember(member));
    }

    private record Group(HealthEndpointGroup like, Predicate<String> members) implements HealthEndpointGroup {
        @Override
        public boolean isMember(String name) {
            return members.test(name);
        }

        @Override
        public boolean showComponents(SecurityContext securityContext) {
            return like.showComponents(securityContext);
        }

        @Override
        public boolean showDetails(SecurityContext securityContext) {
            return like.showDetails(securityContext);
        }

        @Override
        public StatusAggregator getStatusAggregator() {
            return like.getStatusAggregator();
        }

        @Override
        public HttpCodeStatusMapper getHttpCodeStatusMapper() {
            return like.getHttpCodeStatusMapper();
        }

        @Override
        public @Nullable AdditionalHealthEndpointPath getAdditionalPath() {
            return like.getAdditionalPath();
        }
    }
}
