package dev.handover.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Has Spring Boot say what is wrong with a property, instead of showing a stack trace. First of all, because others know less about it. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class InvalidPropertyAnalyzer extends AbstractFailureAnalyzer<InvalidPropertyException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidPropertyException cause) {
        return new FailureAnalysis(cause.problem(), cause.remedy(), rootFailure);
    }
}
