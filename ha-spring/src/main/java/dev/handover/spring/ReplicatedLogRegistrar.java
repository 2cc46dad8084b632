package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.RuntimeBeanReference;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** Defines a {@link ReplicatedLog} for every bean of type {@link StateMachine} that has a group. Runs when all beans of the application are defined, and before any is made. */
final class ReplicatedLogRegistrar implements BeanDefinitionRegistryPostProcessor {
    private final Environment environment;

    ReplicatedLogRegistrar(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        if (!(registry instanceof ConfigurableListableBeanFactory beans)) {
            throw new IllegalStateException(
                    "Handover needs a ConfigurableListableBeanFactory, not " + registry.getClass());
        }
        Map<String, String> byGroup = new TreeMap<>();
        Map<String, String> configured = configuredGroups();
        for (String bean : beans.getBeanNamesForType(StateMachine.class, true, false)) {
            String group = isCandidate(beans, bean) ? groupOf(beans, bean, configured) : null;
            if (group != null) {
                String other = byGroup.putIfAbsent(group, bean);
                if (other != null) {
                    throw new InvalidPropertyException(
                            "handover.groups",
                            "the state machines '" + other + "' and '" + bean + "' are both of group '" + group + "'",
                            "Give each a group of its own, with @HandoverGroup or handover.groups.BEAN=GROUP.");
                }
            }
        }
        configured.forEach((bean, group) -> {
            if (!byGroup.containsKey(group)) {
                throw new InvalidPropertyException(
                        "handover.groups." + bean,
                        "there is no bean of that name and of type StateMachine",
                        "Name one of the application's beans, as '" + beanNames(beans) + "', or leave it out.");
            }
        });
        byGroup.forEach((group, bean) -> define(registry, group, bean));
    }

    private static String beanNames(ConfigurableListableBeanFactory beans) {
        return String.join("', '", beans.getBeanNamesForType(StateMachine.class, true, false));
    }

    private static boolean isCandidate(ConfigurableListableBeanFactory beans, String bean) {
        return !beans.containsBeanDefinition(bean)
                || beans.getBeanDefinition(bean).isAutowireCandidate();
    }

    private Map<String, String> configuredGroups() {
        return Binder.get(environment)
                .bind("handover.groups", Bindable.mapOf(String.class, String.class))
                .orElseGet(Map::of);
    }

    private @Nullable String groupOf(
            ConfigurableListableBeanFactory beans, String bean, Map<String, String> configured) {
        for (Map.Entry<String, String> entry : configured.entrySet()) {
            if (uniform(entry.getKey()).equals(uniform(bean))) {
                return checked("handover.groups." + entry.getKey(), entry.getValue());
            }
        }
        HandoverGroup annotation = beans.findAnnotationOnBean(bean, HandoverGroup.class, false);
        if (annotation != null) {
            return checked(
                    "@HandoverGroup of bean '" + bean + "'",
                    environment.resolveRequiredPlaceholders(annotation.value()));
        }
        if (ownLogs(beans).isEmpty()) {
            throw new InvalidPropertyException(
                    "handover.groups",
                    "the state machine '" + bean + "' has no group",
                    "Annotate its class or @Bean method with @HandoverGroup(\"...\"), set handover.groups."
                            + dashed(bean)
                            + "=..., or bring a ReplicatedLog bean of your own.");
        }
        return null;
    }

    /** Of the application: who joins groups itself may have state machines that concern nobody else. */
    private static List<String> ownLogs(ConfigurableListableBeanFactory beans) {
        List<String> own = new ArrayList<>();
        for (String bean : beans.getBeanNamesForType(ReplicatedLog.class, true, false)) {
            if (beans.getType(bean, false)
                    != ManagedLog.class) { // after ahead-of-time processing ours are there already
                own.add(bean);
            }
        }
        return own;
    }

    private static String uniform(String name) {
        return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
    }

    private static String dashed(String bean) {
        return bean.replaceAll("(?<=.)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static String checked(String key, String group) {
        try {
            return GroupId.of(group).value();
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException(key, e);
        }
    }

    private static void define(BeanDefinitionRegistry registry, String group, String stateMachine) {
        String name = nameOf(group);
        if (registry.containsBeanDefinition(name)) {
            if (ManagedLog.class
                    .getName()
                    .equals(registry.getBeanDefinition(name).getBeanClassName())) {
                return;
            }
            name = "handover.log." + group;
        }
        RootBeanDefinition log = new RootBeanDefinition(ManagedLog.class);
        log.getConstructorArgumentValues().addIndexedArgumentValue(0, group);
        log.getConstructorArgumentValues().addIndexedArgumentValue(1, new RuntimeBeanReference(stateMachine));
        log.setAutowireMode(RootBeanDefinition.AUTOWIRE_CONSTRUCTOR);
        log.setDestroyMethodName("close");
        log.addQualifier(new AutowireCandidateQualifier(Qualifier.class, group));
        log.addQualifier(new AutowireCandidateQualifier(HandoverGroup.class, group));
        registry.registerBeanDefinition(name, log);
    }

    /** {@code order-book} gives {@code orderBookLog}. */
    static String nameOf(String group) {
        StringBuilder name = new StringBuilder();
        for (String part : group.split("[-_.]+")) {
            name.append(name.isEmpty() ? part : StringUtils.capitalize(part));
        }
        return name + "Log";
    }
}
