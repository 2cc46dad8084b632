package dev.handover.spring;

import java.lang.annotation.Annotation;
import org.aopalliance.intercept.MethodInterceptor;
import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;

/** Puts an interceptor around the methods with an annotation: before all others (the last of several that do is the outermost), or behind all others, inside a transaction. */
final class AnnotationAdvice extends AbstractBeanFactoryAwareAdvisingPostProcessor {
    private static final long serialVersionUID = 1L;

    AnnotationAdvice(
            Class<? extends Annotation> annotation, MethodInterceptor interceptor, boolean outside, int order) {
        advisor = new DefaultPointcutAdvisor(new AnnotationMatchingPointcut(null, annotation, true), interceptor);
        setBeforeExistingAdvisors(outside);
        setProxyTargetClass(true);
        setOrder(order);
    }
}
