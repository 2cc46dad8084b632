package dev.handover.spring;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.UndeclaredThrowableException;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.scheduling.SchedulingAwareRunnable;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;
import org.springframework.scheduling.config.TaskManagementConfigUtils;
import org.springframework.util.ReflectionUtils;

/** Spring's own processor of {@code @Scheduled}, that lets a {@link LeaderOnly} method have the leadership as a parameter. */
final class LeaderOnlyScheduling extends ScheduledAnnotationBeanPostProcessor {
    LeaderOnlyScheduling() {}

    @Override
    protected Runnable createRunnable(Object target, Method method, @Nullable String qualifier) {
        boolean ours = method.getParameterCount() > 0
                && LeadershipArguments.only(method)
                && AnnotatedElementUtils.hasAnnotation(method, LeaderOnly.class);
        return ours
                ? new Job(target, AopUtils.selectInvocableMethod(method, target.getClass()), method, qualifier)
                : super.createRunnable(target, method, qualifier);
    }

    /** Calls the bean's proxy, which fills in the arguments. */
    private record Job(Object target, Method invocable, Method method, @Nullable String qualifier)
            implements SchedulingAwareRunnable {
        @Override
        public @Nullable String getQualifier() {
            return qualifier;
        }

        @Override
        public void run() {
            try {
                ReflectionUtils.makeAccessible(invocable);
                invocable.invoke(target, LeadershipArguments.placeholders(method));
            } catch (InvocationTargetException e) {
                ReflectionUtils.rethrowRuntimeException(e.getTargetException());
            } catch (IllegalAccessException e) {
                throw new UndeclaredThrowableException(e);
            }
        }

        @Override
        public String toString() {
            return method.getDeclaringClass().getName() + "." + method.getName(); // as Spring's own
        }
    }

    /** Takes the place of Spring's, where scheduling is enabled. */
    static final class Replacement implements BeanDefinitionRegistryPostProcessor {
        @Override
        public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
            String name = TaskManagementConfigUtils.SCHEDULED_ANNOTATION_PROCESSOR_BEAN_NAME;
            if (registry.containsBeanDefinition(name)
                    && registry instanceof ConfigurableListableBeanFactory beans
                    && beans.getType(name, false) == ScheduledAnnotationBeanPostProcessor.class) {
                registry.removeBeanDefinition(name);
                RootBeanDefinition own = new RootBeanDefinition(LeaderOnlyScheduling.class);
                own.setRole(RootBeanDefinition.ROLE_INFRASTRUCTURE);
                registry.registerBeanDefinition(name, own);
            }
        }
    }
}
