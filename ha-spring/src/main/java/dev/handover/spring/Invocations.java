package dev.handover.spring;

import java.lang.reflect.Method;
import org.aopalliance.intercept.MethodInvocation;
import org.springframework.aop.support.AopUtils;

/** What interceptors ask about the call that they stand before. */
final class Invocations {
    private Invocations() {}

    /** The method of the bean's class, which has the annotations, and not that of an interface. */
    static Method method(MethodInvocation invocation) {
        Object target = invocation.getThis();
        return target == null
                ? invocation.getMethod()
                : AopUtils.getMostSpecificMethod(invocation.getMethod(), AopUtils.getTargetClass(target));
    }
}
